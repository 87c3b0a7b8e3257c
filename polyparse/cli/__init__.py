"""The console command and the subcommands that need nothing but the library."""

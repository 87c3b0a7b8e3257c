"""HTTP on the wire: connections that are bounded in bytes and in time, whatever the other side does."""

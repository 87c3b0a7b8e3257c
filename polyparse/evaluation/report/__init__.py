"""report.html: one page that says how good a model is and where it errs."""

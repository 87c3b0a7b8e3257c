"""Several processes on one port: a supervisor that accepts connections and shares them out, and what workers share."""

"""What watches the service: rules of Prometheus, a dashboard of Grafana, and how both are made."""

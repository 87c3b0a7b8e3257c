"""What HTTP sees: schemas, routes, health and problem documents."""

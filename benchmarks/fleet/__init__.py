"""How many machines it takes: a node's service times measured, a fleet of such nodes simulated, and fleets on paper."""

"""Virtual time around the real dispatcher: scenarios in, service levels with their confidence intervals out."""

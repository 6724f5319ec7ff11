"""How good is a churn probability? Arrays and tables in, tables out, every number with its doubt."""

"""Where the outside begins: warehouses and the experiment tracker, each behind one small protocol."""

"""From compiled facts to the tables of the schema: one file per group of tables."""

"""The catalogue: schema, snapshots, checks, currency and narrowing."""

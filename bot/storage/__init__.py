"""What is kept: in memory, or by SQLAlchemy."""

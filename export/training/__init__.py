"""Student and tower learn: objectives, teacher, the loop."""

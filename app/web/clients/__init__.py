"""What the APIs of other products have in common: errors in their shapes, and answers that wait for a job."""

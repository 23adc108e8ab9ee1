"""What is handed in at a step: fields, values and attachments."""

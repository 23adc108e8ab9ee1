"""What people answer: acknowledge, snooze, contest, notes with voice. Each answer is an event."""

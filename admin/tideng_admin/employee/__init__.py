"""The portal: the pages of an employee."""

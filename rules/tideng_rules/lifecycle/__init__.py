"""A rule's life: draft, approval, publication, pause, versions, quarantine."""

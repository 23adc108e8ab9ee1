"""Packs and the files of a client brought into the deployment: the plan, what it changes, and blueprints as drafts."""

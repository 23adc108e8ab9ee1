"""The pages about rules: list, studio, gallery, drafts, import and export."""

"""The rules of Tideng: read, checked, judged, published, explained.

The folders build on each other in one direction; a folder imports only from those below it:

    cli                     the commands of ``tideng rules``
    preview                 what a rule would have said in past weeks
    plugin                  the rules as a plugin of the core
    authoring, rollout, why help while writing; packs and client files brought in; why a rule spoke or did not
    lifecycle               drafts, versions, publishing, pausing, quarantine: what the database keeps
    check                   whether a rule can be published
    wording                 rules, differences and answers as sentences
    engine, packaging       rules judged; packs and rule files read
    document                one rule document as a value, and the meaning of its parts
"""

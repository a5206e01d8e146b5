"""The terminal UI: screens and widgets that render what the core hands them.

`app` is the way in. Work that takes time runs in threads (`work`), which touch no widget and post the
messages of `events`.
"""

"""Papers that officials go on writing, as Word files (.docx) with real styles, for Word and WPS.

The words come from the composed page, the same that is printed, so a paper and its Word file cannot say different
things. What the page's style sheet does for paper a manner does here: it gives each kind of element a named style.
"""

"""Layer L1: a page that many townships share is laid out once, and their own words are stamped into the finished PDF.

Ideographs all advance one em and share a line-breaking class, and digits are tabular, so copies that differ only in
such characters, and in no length, have the same layout. A township that does not exist, whose names and numbers are
characters found nowhere else, is laid out in full; where these stand in the finished PDF, others are put.
"""

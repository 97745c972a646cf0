"""Pairing as the concentrator sees it: from a label that somebody shows to a link that is proved, or to nothing changed."""

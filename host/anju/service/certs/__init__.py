"""Who may speak over the uplink: the estate's own authority, what it has issued and revoked, and how a peer is judged.

holder      whom a certificate is for             own     this machine's key and certificate, re-read when renewed
authority   create, issue, renew, revoke, list    trust   a peer's certificate judged by the authority's, with a reason
"""

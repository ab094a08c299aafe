"""`mlopsc import`: a DVC repository taken over as it is, and what is shown to be the same before anything is written."""

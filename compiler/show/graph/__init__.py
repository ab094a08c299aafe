"""The pipeline as a graph: as data, as Mermaid, as DOT, as a page."""

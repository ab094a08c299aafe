"""The features: code that stages import, and so depend on."""

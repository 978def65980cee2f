"""The chaos drill: readers that must miss nothing and get nothing they may not have, while everything is killed."""

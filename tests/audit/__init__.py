"""The record of changes, in an application whose users are known from outside."""

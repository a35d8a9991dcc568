"""Language models behind addresses that the user's settings name.

`endpoint` says what one is, `client` talks to it, `calling` makes it choose a tool in the way it
obeys, `router` picks one for a role, `resilience` and `budget` bound the talk. Importing the
package loads none of the HTTP library.
"""

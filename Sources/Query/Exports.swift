// What is asked of a store, and how it answers, are terms of queries as well.
@_exported import Asking

"""The capture files of an event to their publishers, with ledger, quarantine and deadline."""

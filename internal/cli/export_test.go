package cli

// NewRoot is newRoot, for tests of what all commands have in common.
var NewRoot = newRoot

package content

import _ "embed"

// Credentials holds the factory-default pairs of user and password that are
// recognised when a device uses one: lines of user, tab, password.
//
//go:embed credentials.tsv
var Credentials string

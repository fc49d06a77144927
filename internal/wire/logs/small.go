//go:build sensor

package logs

import "bufio"

// textParser gives nil: the small build has no parsers of Zeek's logs and of
// EVE, which are read where they are gathered, not on a router.
func textParser(Format, *bufio.Reader, string) parser { return nil }

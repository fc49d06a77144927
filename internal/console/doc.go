// Package console serves the web console: the files that web/ builds into
// dist, which are part of the program. It holds no logic of the product and
// speaks to nobody; the pages ask package api's service. Package app mounts
// [Handler] below the API's routes. The build tags sensor and noconsole leave
// the files out, so that such builds need no Node.
package console

//go:build !sensor && !noconsole

package console

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var embedded embed.FS

// files gives what web/ built; only the file that keeps the folder in git is
// there when it has not been built.
func files() fs.FS {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		return nil
	}
	return dist
}

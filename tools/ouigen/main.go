// Command ouigen makes the compact table of MAC address assignments that is
// embedded in the program from the IEEE's lists (Debian package ieee-data):
//
//	go run ./tools/ouigen -o content/oui.bin /usr/share/ieee-data/{oui,mam,oui36}.csv
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"edgeward/internal/judge/fingerprint"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("ouigen: ")
	out := flag.String("o", "content/oui.bin", "file to write")
	flag.Parse()
	o := &fingerprint.OUI{}
	for _, path := range flag.Args() {
		f, err := os.Open(path)
		if err != nil {
			log.Fatal(err)
		}
		if err := o.ReadCSV(f); err != nil {
			log.Fatalf("%s: %v", path, err)
		}
		f.Close()
	}
	w, err := os.Create(*out)
	if err != nil {
		log.Fatal(err)
	}
	if err := o.Compact(w); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(o.Len(), "blocks")
}

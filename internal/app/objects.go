//go:build !sensor

package app

import (
	"context"
	"net/url"

	"edgeward/internal/app/config"
	"edgeward/internal/ident"
	"edgeward/internal/store/segment"
)

// openObjects gives the object store for the event log, nil for the data folder.
func openObjects(ctx context.Context, c *config.Config) (*segment.ObjectStore, error) {
	s := c.Store.S3
	if s.Endpoint == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, ident.Errorf(ident.Usage, "write a URL such as https://s3.example.org:9000", "store.s3.endpoint %q", s.Endpoint)
	}
	return segment.NewObjectStore(ctx, segment.ObjectOptions{
		Endpoint: u.Host, Plain: u.Scheme == "http", Bucket: s.Bucket, Prefix: s.Prefix, Region: s.Region, AccessKey: string(s.AccessKey), SecretKey: string(s.SecretKey), Cache: int64(c.Store.Cache),
	})
}

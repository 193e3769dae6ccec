package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/hint"
)

// devTimeout limits how long a server may take to identify itself as fngen dev.
const devTimeout = 2 * time.Second

// maxDeliveries limits the size of the list of deliveries, in bytes.
const maxDeliveries = 1 << 30

// A devServer describes the server on the port of fngen dev, if there is one.
type devServer struct {
	port    int
	running bool // it is an fngen dev that serves this project

	project string // the directory that it serves, "" if it is not fngen dev
}

func (d devServer) host() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)) }
func (d devServer) url() string  { return "http://" + d.host() }

// findDev asks the server on the client's port whether it is an fngen dev, and
// of which project. It is not an error if there is none.
func (c *Client) findDev(ctx context.Context) (devServer, error) {
	dev := devServer{port: c.Port}
	timeout, cancel := context.WithTimeout(ctx, devTimeout)
	defer cancel()
	info, err := devserver.Ask(timeout, c.Port)
	if err != nil {
		return dev, ctx.Err()
	}
	dev.project = info.Project
	theirs, errTheirs := os.Stat(info.Project)
	ours, errOurs := os.Stat(c.Project.Dir)
	if errTheirs == nil && errOurs == nil && os.SameFile(theirs, ours) {
		dev.running = true
	}
	return dev, nil
}

// notRunning returns the error for a call that needs fngen dev.
func (d devServer) notRunning() error {
	if d.project != "" {
		return hint.Newf("fngen dev --port N", "the fngen dev on port %d serves another project, %s", d.port, d.project)
	}
	return hint.Newf("fngen dev", "no fngen dev is running on port %d", d.port)
}

// Deliveries returns the webhook deliveries that fngen dev has recorded, oldest
// first: all of them, or those to one function.
func (c *Client) Deliveries(ctx context.Context, function string) ([]delivery.Delivery, error) {
	dev, err := c.findDev(ctx)
	if err != nil {
		return nil, err
	}
	all, err := dev.deliveries(ctx)
	if err != nil || function == "" {
		return all, err
	}
	f, err := find(c.Project, function)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(d delivery.Delivery) bool { return d.Function != f.Name }), nil
}

// deliveries returns the deliveries that the server has recorded.
func (d devServer) deliveries(ctx context.Context) ([]delivery.Delivery, error) {
	if !d.running {
		return nil, d.notRunning()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url()+"/.fngen/deliveries", nil)
	if err != nil {
		return nil, err
	}
	resp, err := httpClient().Do(req)
	if err != nil {
		return nil, fmt.Errorf("getting the deliveries: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("getting the deliveries: fngen dev returned status %d", resp.StatusCode)
	}
	all := []delivery.Delivery{}
	if json.NewDecoder(io.LimitReader(resp.Body, maxDeliveries)).Decode(&all) != nil {
		return nil, errors.New("reading the deliveries: fngen dev is of another version")
	}
	return all, nil
}

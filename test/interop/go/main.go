// A client of Go's net/http for the tests beside it: `client <url> <case>`. It ends with 1 and a sentence where something
// is not as it must be.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

var base string

var client = &http.Client{Transport: &http.Transport{
	ForceAttemptHTTP2:   true,
	MaxIdleConnsPerHost: 1,
	TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
}}

var cases = map[string]func() error{
	"cancel":     cancel,
	"concurrent": concurrent,
	"duplex":     duplex,
	"http1":      http1,
	"trailers":   trailers,
	"upload":     upload,
}

func main() {
	base = os.Args[1]
	if err := cases[os.Args[2]](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(response *http.Response) error {
	if response.StatusCode != 200 || response.ProtoMajor != 2 {
		return fmt.Errorf("the answer is %s by %s", response.Status, response.Proto)
	}
	return nil
}

// A hundred requests at once, each with an answer of its own.
func concurrent() error {
	var group sync.WaitGroup
	failures := make(chan error, 100)
	for at := 0; at < 100; at++ {
		group.Add(1)
		go func(at int) {
			defer group.Done()
			response, err := client.Get(fmt.Sprintf("%s/echo/%d", base, at))
			if err != nil {
				failures <- err
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err == nil {
				err = check(response)
			}
			if err == nil && string(body) != strings.Repeat(fmt.Sprintf("%d,", at), 10_000) {
				err = fmt.Errorf("request %d has %d bytes of another answer", at, len(body))
			}
			if err != nil {
				failures <- err
			}
		}(at)
	}
	group.Wait()
	close(failures)
	return <-failures
}

// Ten megabytes up, of a length that is not told.
func upload() error {
	data := bytes.Repeat([]byte("0123456789abcdef"), 640*1024)
	response, err := client.Post(base+"/hash", "application/octet-stream", io.MultiReader(bytes.NewReader(data)))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	if want := hex.EncodeToString(sum[:]); string(body) != want {
		return fmt.Errorf("the hash is %q and not %q", body, want)
	}
	return check(response)
}

// What is sent next depends on what has come: neither direction waits for the end of the other.
func duplex() error {
	reader, writer := io.Pipe()
	request, err := http.NewRequest("POST", base+"/duplex", reader)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := check(response); err != nil {
		return err
	}
	for round := 0; round < 100; round++ {
		said := fmt.Sprintf("round %d\n", round)
		if _, err := io.WriteString(writer, said); err != nil {
			return err
		}
		heard := make([]byte, len(said))
		if _, err := io.ReadFull(response.Body, heard); err != nil {
			return err
		}
		if want := strings.ToUpper(said); string(heard) != want {
			return fmt.Errorf("%q came back as %q", said, heard)
		}
	}
	writer.Close()
	if rest, err := io.ReadAll(response.Body); err != nil || len(rest) > 0 {
		return fmt.Errorf("after the end there are %q and %v", rest, err)
	}
	return nil
}

// A request that its client gives up before an answer, and one amid its answer; the connection goes on.
func cancel() error {
	for _, path := range []string{"/never", "/forever"} {
		ctx, stop := context.WithCancel(context.Background())
		request, err := http.NewRequestWithContext(ctx, "GET", base+path, nil)
		if err != nil {
			return err
		}
		// The server tells when it has begun.
		go func() {
			response, err := client.Get(base + "/begun" + path)
			if err == nil {
				response.Body.Close()
			}
			stop()
		}()
		response, err := client.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s ended with %v", path, err)
		}
		// And when it has heard of the end.
		told, err := client.Get(base + "/ended" + path)
		if err != nil {
			return err
		}
		told.Body.Close()
		if err := check(told); err != nil {
			return err
		}
	}
	return nil
}

func trailers() error {
	response, err := client.Get(base + "/trailers")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if got, want := response.Trailer.Get("X-Checksum"), hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("the trailer is %q and not %q; all are %v", got, want, response.Trailer)
	}
	return check(response)
}

// The same server for a client that has HTTP/1.1 alone.
func http1() error {
	old := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}},
		TLSNextProto:    map[string]func(string, *tls.Conn) http.RoundTripper{},
	}}
	for _, path := range []string{"/echo/1", "/trailers"} {
		response, err := old.Get(base + path)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		if response.StatusCode != 200 || response.Proto != "HTTP/1.1" || len(body) == 0 {
			return fmt.Errorf("%s is %s by %s with %d bytes", path, response.Status, response.Proto, len(body))
		}
		if path == "/trailers" && response.Trailer.Get("X-Checksum") == "" {
			return fmt.Errorf("there is no trailer among %v", response.Trailer)
		}
	}
	return nil
}

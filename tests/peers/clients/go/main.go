// What programs that use client-go do, asked of a real server. Each scenario is one command; it ends with 0, or says what it saw.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// world is what a scenario has to work with.
type world struct {
	ctx     context.Context
	space   string // a namespace of its own
	wire    *wire
	dynamic dynamic.Interface
	typed   kubernetes.Interface
}

var scenarios = map[string]func(*world) error{
	"collection": deleteCollection,
	"compaction": outliveCompaction,
	"conflict":   retryOnConflict,
	"election":   electLeaders,
	"informer":   followWithResync,
	"pages":      pagesOutliveCompaction,
	"watchlist":  streamList,
}

func run(name string) error {
	scenario, known := scenarios[name]
	if !known {
		return fmt.Errorf("there is no scenario %q", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	w := &world{ctx: ctx, space: name, wire: newWire()}
	if err := w.connect(); err != nil {
		return err
	}
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := w.typed.CoreV1().Namespaces().Create(ctx, space, metav1.CreateOptions{}); err != nil {
		return err
	}
	return scenario(w)
}

// connect makes the clients, over the wire of the world.
func (w *world) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 1000, 1000
	config.Dial = w.wire.dial
	config.Wrap(w.wire.record)
	if w.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return err
	}
	w.typed, err = kubernetes.NewForConfig(config)
	return err
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: clients SCENARIO")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// until waits for a condition; an error that names what it waited for after a generous time.
func until(what string, condition func() (bool, error)) error {
	end := time.Now().Add(time.Minute)
	for {
		good, err := condition()
		if err != nil || good {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("waited a minute for %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

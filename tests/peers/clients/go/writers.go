package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"
)

// retryOnConflict: eight writers count together, each with the version that it read.
func retryOnConflict(w *world) error {
	client := w.typed.CoreV1().ConfigMaps(w.space)
	made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counter"}, Data: map[string]string{"n": "0"}}
	if _, err := client.Create(w.ctx, made, metav1.CreateOptions{}); err != nil {
		return err
	}
	backoff := retry.DefaultRetry
	backoff.Steps = 1000
	backoff.Cap = 50 * time.Millisecond
	count := func() error {
		return retry.RetryOnConflict(backoff, func() error {
			counter, err := client.Get(w.ctx, "counter", metav1.GetOptions{})
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(counter.Data["n"])
			if err != nil {
				return err
			}
			counter.Data["n"] = strconv.Itoa(n + 1)
			_, err = client.Update(w.ctx, counter, metav1.UpdateOptions{})
			return err
		})
	}
	const writers, each = 8, 20
	failures := make(chan error, writers)
	for range writers {
		go func() {
			for range each {
				if err := count(); err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range writers {
		if err := <-failures; err != nil {
			return err
		}
	}
	counter, err := client.Get(w.ctx, "counter", metav1.GetOptions{})
	if err != nil || counter.Data["n"] != strconv.Itoa(writers*each) {
		return fmt.Errorf("they counted to %s (%v)", counter.Data["n"], err)
	}
	return nil
}

// terms are the leaders in their order, and whether two ever led at once.
type terms struct {
	mutex   sync.Mutex
	leading map[string]bool
	order   []string
	overlap bool
}

func (t *terms) begin(name string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.overlap = t.overlap || len(t.leading) > 0
	t.leading[name] = true
	t.order = append(t.order, name)
}

func (t *terms) end(name string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.leading, name)
}

func (t *terms) led(count int) func() (bool, error) {
	return func() (bool, error) {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		return len(t.order) >= count, nil
	}
}

func (w *world) candidate(ctx context.Context, name string, release bool, t *terms) error {
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: w.space},
			Client:     w.typed.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration:   4 * time.Second,
		RenewDeadline:   3 * time.Second,
		RetryPeriod:     500 * time.Millisecond,
		ReleaseOnCancel: release,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { t.begin(name) },
			OnStoppedLeading: func() { t.end(name) },
		},
	})
	if err == nil {
		go elector.Run(ctx)
	}
	return err
}

// electLeaders: one leads at a time; who releases the lease is followed at once, who vanishes after its time.
func electLeaders(w *world) error {
	t := &terms{leading: map[string]bool{}}
	for i, name := range []string{"first", "second", "third"} {
		ctx, cancel := context.WithCancel(w.ctx)
		defer cancel()
		if err := w.candidate(ctx, name, i == 0, t); err != nil {
			return err
		}
		if err := until(name+" to lead", t.led(i+1)); err != nil {
			return err
		}
		if i < 2 {
			cancel()
		}
	}
	lease, err := w.typed.CoordinationV1().Leases(w.space).Get(w.ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if *lease.Spec.HolderIdentity != "third" || *lease.Spec.LeaseTransitions != 2 || t.overlap {
		return fmt.Errorf("leader %s after %d changes, two at once: %t", *lease.Spec.HolderIdentity,
			*lease.Spec.LeaseTransitions, t.overlap)
	}
	if renewals := w.wire.asked("/leases/leader? application/vnd.kubernetes.protobuf", ""); renewals == 0 {
		return errors.New("nobody renewed the lease in protobuf")
	}
	return nil
}

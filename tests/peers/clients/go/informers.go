package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/pager"
)

var repositories = schema.GroupVersionResource{Group: "slipway.dev", Version: "v1alpha1", Resource: "gitrepositories"}

func repository(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "slipway.dev/v1alpha1",
		"kind":       "GitRepository",
		"metadata":   map[string]any{"name": name, "labels": map[string]any{"made-by": "client-go"}},
		"spec":       map[string]any{"url": "https://example.com/" + name + ".git", "suspend": true},
	}}
}

// follower counts what an informer tells.
type follower struct {
	mutex                          sync.Mutex
	added, changed, resynced, gone int
}

func (f *follower) OnAdd(any, bool) { f.count(&f.added) }

func (f *follower) OnDelete(any) { f.count(&f.gone) }

func (f *follower) OnUpdate(before, after any) {
	if before.(metav1.Object).GetResourceVersion() == after.(metav1.Object).GetResourceVersion() {
		f.count(&f.resynced)
	} else {
		f.count(&f.changed)
	}
}

func (f *follower) count(what *int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	*what++
}

func (f *follower) saw(condition func(*follower) bool) func() (bool, error) {
	return func() (bool, error) {
		f.mutex.Lock()
		defer f.mutex.Unlock()
		return condition(f), nil
	}
}

func (w *world) follow(resync time.Duration) (cache.SharedIndexInformer, *follower, error) {
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(w.dynamic, resync, w.space, nil)
	informer := factory.ForResource(repositories).Informer()
	seen := &follower{}
	if _, err := informer.AddEventHandler(seen); err != nil {
		return nil, nil, err
	}
	factory.Start(w.ctx.Done())
	if !cache.WaitForCacheSync(w.ctx.Done(), informer.HasSynced) {
		return nil, nil, errors.New("the informer did not get to know what there is")
	}
	return informer, seen, nil
}

// lists counts those that were answered.
func (w *world) lists() int {
	return w.wire.asked("GET /apis/slipway.dev/v1alpha1/namespaces/"+w.space+"/gitrepositories?", "watch=")
}

func (w *world) makeRepositories(from, to int) error {
	for i := from; i < to; i++ {
		_, err := w.dynamic.Resource(repositories).Namespace(w.space).Create(
			w.ctx, repository(fmt.Sprintf("r-%03d", i)), metav1.CreateOptions{})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) touch(name string) error {
	client := w.dynamic.Resource(repositories).Namespace(w.space)
	object, err := client.Get(w.ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	object.SetAnnotations(map[string]string{"touched": time.Now().String()})
	_, err = client.Update(w.ctx, object, metav1.UpdateOptions{})
	return err
}

// same compares what an informer holds with what there is.
func (w *world) same(informer cache.SharedIndexInformer) func() (bool, error) {
	return func() (bool, error) {
		list, err := w.dynamic.Resource(repositories).Namespace(w.space).List(w.ctx, metav1.ListOptions{})
		if err != nil {
			return false, nil // the wire may be cut
		}
		if len(list.Items) != len(informer.GetStore().ListKeys()) {
			return false, nil
		}
		for _, item := range list.Items {
			held, there, err := informer.GetStore().Get(&item)
			if err != nil || !there || held.(metav1.Object).GetResourceVersion() != item.GetResourceVersion() {
				return false, err
			}
		}
		return true, nil
	}
}

// followWithResync: everything once, changes as they come, and all of it again at each resync without a request.
func followWithResync(w *world) error {
	if err := w.makeRepositories(0, 5); err != nil {
		return err
	}
	informer, seen, err := w.follow(2 * time.Second)
	if err != nil {
		return err
	}
	if err := until("five additions", seen.saw(func(f *follower) bool { return f.added == 5 })); err != nil {
		return err
	}
	if err := w.touch("r-001"); err != nil {
		return err
	}
	client := w.dynamic.Resource(repositories).Namespace(w.space)
	if err := client.Delete(w.ctx, "r-002", metav1.DeleteOptions{}); err != nil {
		return err
	}
	err = until("one change, one deletion and a resync",
		seen.saw(func(f *follower) bool { return f.changed >= 1 && f.gone == 1 && f.resynced >= 4 }))
	if err != nil {
		return err
	}
	if count := w.lists(); count != 1 {
		return fmt.Errorf("it listed %d times", count)
	}
	return until("the store to be right", w.same(informer))
}

// streamList: with WatchListClient an informer streams what there is and never lists.
func streamList(w *world) error {
	if os.Getenv("KUBE_FEATURE_WatchListClient") != "true" {
		return errors.New("set KUBE_FEATURE_WatchListClient=true")
	}
	if err := w.makeRepositories(100, 120); err != nil {
		return err
	}
	informer, seen, err := w.follow(0)
	if err != nil {
		return err
	}
	if streamed := w.wire.asked("sendInitialEvents=true", ""); streamed != 1 {
		return fmt.Errorf("it streamed %d times", streamed)
	}
	if count := w.lists(); count != 0 {
		return fmt.Errorf("it fell back to %d lists", count)
	}
	if err := w.makeRepositories(120, 121); err != nil {
		return err
	}
	if err := until("21 additions", seen.saw(func(f *follower) bool { return f.added == 21 })); err != nil {
		return err
	}
	w.wire.cut()
	w.wire.mend()
	if err := w.makeRepositories(121, 122); err != nil {
		return err
	}
	return until("the store to be right", w.same(informer))
}

// forget makes history until a watch from `version` is told that it is too old.
func (w *world) forget(version string) error {
	return until("the server to forget "+version, func() (bool, error) {
		if err := w.touch("r-200"); err != nil {
			return false, err
		}
		stream, err := w.dynamic.Resource(repositories).Namespace(w.space).Watch(
			w.ctx, metav1.ListOptions{ResourceVersion: version})
		if err != nil {
			return false, err
		}
		defer stream.Stop()
		event := <-stream.ResultChan()
		if event.Type != watch.Error {
			return false, nil
		}
		failure := apierrors.FromObject(event.Object)
		if !apierrors.IsResourceExpired(failure) {
			return false, fmt.Errorf("%w is not Expired", failure)
		}
		return true, nil
	})
}

// outliveCompaction: an informer whose connection is away until its version is forgotten lists again.
func outliveCompaction(w *world) error {
	if err := w.makeRepositories(200, 210); err != nil {
		return err
	}
	informer, _, err := w.follow(0)
	if err != nil {
		return err
	}
	version := informer.LastSyncResourceVersion()
	before := w.lists()
	other := *w
	other.wire = newWire()
	if err := other.connect(); err != nil {
		return err
	}
	w.wire.cut()
	client := other.dynamic.Resource(repositories).Namespace(w.space)
	if err := client.Delete(w.ctx, "r-205", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := other.forget(version); err != nil {
		return err
	}
	w.wire.mend()
	if err := until("the store to be right", other.same(informer)); err != nil {
		return err
	}
	if again := w.lists(); again <= before {
		return errors.New("it did not list again")
	}
	return nil
}

// pagesOutliveCompaction: a list whose picture is forgotten between two pages is read to its end all the same.
func pagesOutliveCompaction(w *world) error {
	if err := w.makeRepositories(200, 230); err != nil {
		return err
	}
	client := w.dynamic.Resource(repositories).Namespace(w.space)
	first, err := client.List(w.ctx, metav1.ListOptions{Limit: 10})
	if err != nil {
		return err
	}
	if err := w.forget(first.GetResourceVersion()); err != nil {
		return err
	}
	_, err = client.List(w.ctx, metav1.ListOptions{Limit: 10, Continue: first.GetContinue()})
	var status apierrors.APIStatus
	if !apierrors.IsResourceExpired(err) || !errors.As(err, &status) || status.Status().Continue == "" {
		return fmt.Errorf("%v is not Expired with a token", err)
	}
	rest, err := client.List(w.ctx, metav1.ListOptions{Limit: 100, Continue: status.Status().Continue})
	if err != nil || len(rest.Items) != 20 {
		return fmt.Errorf("the rest has %d objects (%v)", len(rest.Items), err)
	}
	pages := 0
	reader := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		list, err := client.List(ctx, options)
		if pages++; pages == 2 && err == nil {
			if err := w.forget(list.GetResourceVersion()); err != nil {
				return nil, err
			}
		}
		return list, err
	})
	reader.PageSize = 10
	reader.FullListIfExpired = true
	all, _, err := reader.List(w.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if items := all.(*unstructured.UnstructuredList).Items; len(items) != 30 {
		return fmt.Errorf("the pager gave %d objects", len(items))
	}
	return nil
}

// deleteCollection: what matches goes, and the rest stays.
func deleteCollection(w *world) error {
	client := w.typed.CoreV1().ConfigMaps(w.space)
	for _, name := range []string{"go-1", "go-2", "stay"} {
		made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"go": name[:2]}}}
		if _, err := client.Create(w.ctx, made, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	policy := metav1.DeletePropagationBackground
	err := client.DeleteCollection(w.ctx, metav1.DeleteOptions{PropagationPolicy: &policy},
		metav1.ListOptions{LabelSelector: "go=go"})
	if err != nil {
		return err
	}
	left, err := client.List(w.ctx, metav1.ListOptions{LabelSelector: "go"})
	if err != nil || len(left.Items) != 1 || left.Items[0].Name != "stay" {
		return fmt.Errorf("left are %v (%v)", left.Items, err)
	}
	return nil
}

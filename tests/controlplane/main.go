// Command controlplane is a whole Kubernetes control plane in one file: the API
// server, the controller manager, the scheduler, etcd, kwok and kubectl, each the
// upstream command itself. See README.md.
//
// Each runs in a process of its own: feature gates, flags and klog are global, so
// two components in one process would set each other's.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	_ "time/tzdata" // CronJobs with a time zone, on machines without a zone database.

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokcrd "sigs.k8s.io/kwok/kustomize/crd"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	kwoksignals "sigs.k8s.io/kwok/pkg/utils/signals"
)

// personalities are in the order in which a control plane is started.
var personalities = []struct {
	name string
	run  func() int
}{
	{"etcd", runEtcd},
	{"kube-apiserver", func() int { return cli.Run(apiserver.NewAPIServerCommand()) }},
	{"kube-controller-manager", func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) }},
	{"kube-scheduler", func() int { return cli.Run(scheduler.NewSchedulerCommand()) }},
	{"kwok", runKwok},
	{"kubectl", runKubectl},
	{"kwok-crds", printKwokDefinitions},
}

func main() {
	if run := find(filepath.Base(os.Args[0])); run != nil {
		os.Exit(run())
	}
	if len(os.Args) > 1 {
		if run := find(os.Args[1]); run != nil {
			// The upstream commands read os.Args themselves.
			os.Args = os.Args[1:]
			os.Exit(run())
		}
	}
	names := make([]string, 0, len(personalities))
	for _, personality := range personalities {
		names = append(names, personality.name)
	}
	fmt.Fprintf(os.Stderr, "usage: %s COMMAND [FLAGS], or through a link named after the command.\nCommands: %s\n",
		filepath.Base(os.Args[0]), strings.Join(names, ", "))
	os.Exit(2)
}

func find(name string) func() int {
	for _, personality := range personalities {
		if personality.name == name {
			return personality.run
		}
	}
	return nil
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}

// runKwok is sigs.k8s.io/kwok/cmd/kwok, which is a main package and cannot be imported.
func runKwok() int {
	forgetGlobalFlags()
	global := pflag.NewFlagSet("global", pflag.ContinueOnError)
	global.ParseErrorsAllowlist.UnknownFlags = true
	global.Usage = func() {}

	ctx, logger := kwoklog.InitFlags(kwoksignals.SetupSignalContext(), global)
	ctx, err := kwokconfig.InitFlags(ctx, global)
	if err != nil {
		logger.Error("Init config flags", "err", err)
		return 1
	}
	command := kwok.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(global)
	if err := command.ExecuteContext(ctx); err != nil {
		logger.Error("Execute exit", "err", err)
		return 1
	}
	return 0
}

// printKwokDefinitions is for tests that say during the run what a pod's log holds:
// with --enable-crds=Logs kwok reads that from the API server, which has to know the
// kind first.
func printKwokDefinitions() int {
	_, _ = os.Stdout.Write(kwokcrd.Logs)
	return 0
}

// runKubectl is k8s.io/kubernetes/cmd/kubectl, also a main package.
func runKubectl() int {
	forgetGlobalFlags()
	// Before the command is built: its construction logs already.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
	return 0
}

// forgetGlobalFlags drops what the other components' packages registered, because
// cobra offers the global flags to every command: kwok's own --version would meet
// the API server's.
func forgetGlobalFlags() {
	pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ExitOnError)
}

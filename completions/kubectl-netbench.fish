# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kubectl_netbench_global_optspecs
    string join \n h/help V/version
end

function __fish_kubectl_netbench_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kubectl_netbench_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kubectl_netbench_using_subcommand
    set -l cmd (__fish_kubectl_netbench_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -s V -l version -d 'Print version'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "matrix" -d 'Measure every ordered pair of nodes'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "pair" -d 'Measure two nodes, both directions'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "check" -d 'Tell what a run would need, make and lack in a cluster, and make nothing'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "report" -d 'Show a saved run, in any form'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "compare" -d 'Show what has changed between two runs'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "runs" -d 'List the saved runs, or delete some'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "cleanup" -d 'Remove what runs have left in the cluster: those that were killed, and those with --keep'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -s l -l selector -d 'Only nodes with these labels, as for kubectl get' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l concurrency -d 'The most tests at the same time; without it as many as there are disjoint pairs' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l resume -d 'Measure what is missing or failed in this run, with its nodes and flags' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -s t -l time -d 'How long each test sends: 5s, 1m30s' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l omit -d 'Leave so much of the start of each test out of its figures, before its time' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -s P -l parallel -d 'Streams at the same time in each test' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l repeat -d 'Measure each pair this often; the table shows means, wide and JSON the spread' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l bitrate -d 'Send at this rate, all streams together: 940M, 9.4Gbit/s, 0 for no limit [default: none for TCP; for UDP 80% of what TCP gets in a probe of 1s]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l length -d 'The bytes of one write, or of one datagram: 1400, 128K' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l mss -d 'TCP\'s maximum segment size, in bytes' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l window -d 'The size of the sockets\' buffers: 256K, 4M' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l congestion -d 'TCP\'s congestion control: cubic, bbr, whatever the nodes\' kernels have' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l dscp -d 'Mark packets with this code point: 0 to 63, ef, cs1, af41' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l engine -d 'The program that measures throughput' -r -f -a "iperf3\t'iperf3'
iperf2\t'iperf 2, for images that have only that'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l path -d 'The ways of the packets; several are measured in turn, and compared [default: pod]' -r -f -a "pod\t'From pod to pod'
service\t'From a pod to the cluster\'s address of a Service'
nodeport\t'From a pod to the port of a Service on the server\'s node'
loadbalancer\t'From a pod to a Service\'s load balancer'
host\t'On the network of the nodes'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l ip-family -d 'The version of IP [default: the cluster\'s own choice]' -r -f -a "ipv4\t'IPv4'
ipv6\t'IPv6'
dual\t'Each test over both'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l to -d 'Measure towards this iperf3 server, which runs already, somewhere else' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l image -d 'The image of the pods: any with iperf3 on its PATH that runs as any user [env: NETBENCH_IMAGE] [default: docker.io/nicolaka/netshoot:v0.16]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l port -d 'The port of the servers [default: 5201, iperf 2: 5001], and the next one with --rtt; with --local the first one [default: free ports]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l via -d 'How clients are started' -r -f -a "auto\t'A Job for `pair`; for `matrix` exec where it is allowed, else Jobs'
exec\t'In the pods that run already'
job\t'One Job per test'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l label -d 'A label for every object that is made; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l annotation -d 'An annotation for every object that is made; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l requests -d 'What each container asks for [default: cpu=10m,memory=32Mi]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l limits -d 'What each container may have; a limit on CPU may be what is measured [default: none]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l image-pull-secret -d 'A secret of the namespace to pull the image with; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l service-account -d 'A service account of the namespace for the pods; its token is not mounted' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l priority-class -d 'The priority class of the pods' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l runtime-class -d 'The runtime class of the pods' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l toleration -d 'A taint that pods tolerate, so that nodes with it are measured too; may be repeated. Those of nodes that are named are tolerated anyway' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l local -d 'Use no cluster: this many servers on this machine\'s loopback' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l kubeconfig -d 'The kubeconfig file' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l context -d 'The context of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l cluster -d 'The cluster of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l user -d 'The user of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l as -d 'A user to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l as-group -d 'A group to act as; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l as-uid -d 'A uid to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l request-timeout -d 'How long one request to the cluster may take; 0 for as long as it takes' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -s n -l namespace -d 'Work in this namespace, and remove from it exactly what was made; without it, a run has a namespace of its own' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l baseline -d 'Compare with this run: an id, latest, latest~1, or a file' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l fail-below -d 'Exit with 4 if a pair failed or has less than this: 5Gbit/s, 80% of the run\'s median; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l fail-regression -d 'Exit with 4 if a pair is slower than in the baseline by more than this and more than chance: 10%' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l save-to -d 'Save the run in this file, not among the user\'s runs' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l keep-runs -d 'Delete all saved runs but the newest N when this one is saved [default: keep all]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -s o -l output -d 'The form of the result' -r -f -a "table\t'The matrix, or the two directions of a pair'
wide\t'The same with every pair\'s retransmits, round-trip time and CPU'
json\t'The run document'
yaml\t'The run document'
csv\t'One row per test'
markdown\t'For tickets'
html\t'A page for a browser: every pair in a heat map, and what its tests found'
svg\t'A drawing of the matrix'
prometheus\t'Metrics in Prometheus\' text format'
junit\t'For pipelines: a failed or slow pair is a failed case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l output-file -d 'Write the result to this file, not to standard output' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'In any case'
never\t'In no case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l rtt -d 'Measure how long an answer takes as well, by iperf 2 in the same pods, for 2s at most'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l bidir -d 'Measure both directions at the same time'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l udp -d 'Measure UDP: what arrives, and how much is lost'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l host -d 'On the network of the nodes: --path host'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l keep -d 'Leave the servers running, for later runs with the same settings to start at once; `kubectl netbench cleanup` removes them'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l network-policy -d 'Make a `NetworkPolicy` that lets only the run\'s own clients in'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l dry-run -d 'Print the objects of the run as YAML, and make none of them'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l no-confirm -d 'Do not measure suspicious pairs again, each alone, before a finding is printed'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -l no-save -d 'Do not save the run'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -s q -l quiet -d 'Print the result and errors only: no plan, no progress'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand matrix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l server-context -d 'The context of the cluster that has the server\'s node, if it is another one' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l server-kubeconfig -d 'The kubeconfig file of that context, if it is another one' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -s t -l time -d 'How long each test sends: 5s, 1m30s' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l omit -d 'Leave so much of the start of each test out of its figures, before its time' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -s P -l parallel -d 'Streams at the same time in each test' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l repeat -d 'Measure each pair this often; the table shows means, wide and JSON the spread' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l bitrate -d 'Send at this rate, all streams together: 940M, 9.4Gbit/s, 0 for no limit [default: none for TCP; for UDP 80% of what TCP gets in a probe of 1s]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l length -d 'The bytes of one write, or of one datagram: 1400, 128K' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l mss -d 'TCP\'s maximum segment size, in bytes' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l window -d 'The size of the sockets\' buffers: 256K, 4M' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l congestion -d 'TCP\'s congestion control: cubic, bbr, whatever the nodes\' kernels have' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l dscp -d 'Mark packets with this code point: 0 to 63, ef, cs1, af41' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l engine -d 'The program that measures throughput' -r -f -a "iperf3\t'iperf3'
iperf2\t'iperf 2, for images that have only that'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l path -d 'The ways of the packets; several are measured in turn, and compared [default: pod]' -r -f -a "pod\t'From pod to pod'
service\t'From a pod to the cluster\'s address of a Service'
nodeport\t'From a pod to the port of a Service on the server\'s node'
loadbalancer\t'From a pod to a Service\'s load balancer'
host\t'On the network of the nodes'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l ip-family -d 'The version of IP [default: the cluster\'s own choice]' -r -f -a "ipv4\t'IPv4'
ipv6\t'IPv6'
dual\t'Each test over both'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l to -d 'Measure towards this iperf3 server, which runs already, somewhere else' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l image -d 'The image of the pods: any with iperf3 on its PATH that runs as any user [env: NETBENCH_IMAGE] [default: docker.io/nicolaka/netshoot:v0.16]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l port -d 'The port of the servers [default: 5201, iperf 2: 5001], and the next one with --rtt; with --local the first one [default: free ports]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l via -d 'How clients are started' -r -f -a "auto\t'A Job for `pair`; for `matrix` exec where it is allowed, else Jobs'
exec\t'In the pods that run already'
job\t'One Job per test'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l label -d 'A label for every object that is made; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l annotation -d 'An annotation for every object that is made; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l requests -d 'What each container asks for [default: cpu=10m,memory=32Mi]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l limits -d 'What each container may have; a limit on CPU may be what is measured [default: none]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l image-pull-secret -d 'A secret of the namespace to pull the image with; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l service-account -d 'A service account of the namespace for the pods; its token is not mounted' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l priority-class -d 'The priority class of the pods' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l runtime-class -d 'The runtime class of the pods' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l toleration -d 'A taint that pods tolerate, so that nodes with it are measured too; may be repeated. Those of nodes that are named are tolerated anyway' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l local -d 'Use no cluster: this many servers on this machine\'s loopback' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l kubeconfig -d 'The kubeconfig file' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l context -d 'The context of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l cluster -d 'The cluster of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l user -d 'The user of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l as -d 'A user to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l as-group -d 'A group to act as; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l as-uid -d 'A uid to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l request-timeout -d 'How long one request to the cluster may take; 0 for as long as it takes' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -s n -l namespace -d 'Work in this namespace, and remove from it exactly what was made; without it, a run has a namespace of its own' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l baseline -d 'Compare with this run: an id, latest, latest~1, or a file' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l fail-below -d 'Exit with 4 if a pair failed or has less than this: 5Gbit/s, 80% of the run\'s median; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l fail-regression -d 'Exit with 4 if a pair is slower than in the baseline by more than this and more than chance: 10%' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l save-to -d 'Save the run in this file, not among the user\'s runs' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l keep-runs -d 'Delete all saved runs but the newest N when this one is saved [default: keep all]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -s o -l output -d 'The form of the result' -r -f -a "table\t'The matrix, or the two directions of a pair'
wide\t'The same with every pair\'s retransmits, round-trip time and CPU'
json\t'The run document'
yaml\t'The run document'
csv\t'One row per test'
markdown\t'For tickets'
html\t'A page for a browser: every pair in a heat map, and what its tests found'
svg\t'A drawing of the matrix'
prometheus\t'Metrics in Prometheus\' text format'
junit\t'For pipelines: a failed or slow pair is a failed case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l output-file -d 'Write the result to this file, not to standard output' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'In any case'
never\t'In no case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l rtt -d 'Measure how long an answer takes as well, by iperf 2 in the same pods, for 2s at most'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l bidir -d 'Measure both directions at the same time'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l udp -d 'Measure UDP: what arrives, and how much is lost'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l host -d 'On the network of the nodes: --path host'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l keep -d 'Leave the servers running, for later runs with the same settings to start at once; `kubectl netbench cleanup` removes them'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l network-policy -d 'Make a `NetworkPolicy` that lets only the run\'s own clients in'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l dry-run -d 'Print the objects of the run as YAML, and make none of them'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l no-confirm -d 'Do not measure suspicious pairs again, each alone, before a finding is printed'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -l no-save -d 'Do not save the run'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -s q -l quiet -d 'Print the result and errors only: no plan, no progress'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand pair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -s l -l selector -d 'Only nodes with these labels, as for kubectl get' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -s o -l output -d 'The form of the result' -r -f -a "table\t'For people'
json\t'For programs'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l engine -d 'The program that measures throughput' -r -f -a "iperf3\t'iperf3'
iperf2\t'iperf 2, for images that have only that'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l path -d 'The ways of the packets; several are measured in turn, and compared [default: pod]' -r -f -a "pod\t'From pod to pod'
service\t'From a pod to the cluster\'s address of a Service'
nodeport\t'From a pod to the port of a Service on the server\'s node'
loadbalancer\t'From a pod to a Service\'s load balancer'
host\t'On the network of the nodes'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l ip-family -d 'The version of IP [default: the cluster\'s own choice]' -r -f -a "ipv4\t'IPv4'
ipv6\t'IPv6'
dual\t'Each test over both'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l to -d 'Measure towards this iperf3 server, which runs already, somewhere else' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l image -d 'The image of the pods: any with iperf3 on its PATH that runs as any user [env: NETBENCH_IMAGE] [default: docker.io/nicolaka/netshoot:v0.16]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l port -d 'The port of the servers [default: 5201, iperf 2: 5001], and the next one with --rtt; with --local the first one [default: free ports]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l via -d 'How clients are started' -r -f -a "auto\t'A Job for `pair`; for `matrix` exec where it is allowed, else Jobs'
exec\t'In the pods that run already'
job\t'One Job per test'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l label -d 'A label for every object that is made; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l annotation -d 'An annotation for every object that is made; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l requests -d 'What each container asks for [default: cpu=10m,memory=32Mi]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l limits -d 'What each container may have; a limit on CPU may be what is measured [default: none]' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l image-pull-secret -d 'A secret of the namespace to pull the image with; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l service-account -d 'A service account of the namespace for the pods; its token is not mounted' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l priority-class -d 'The priority class of the pods' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l runtime-class -d 'The runtime class of the pods' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l toleration -d 'A taint that pods tolerate, so that nodes with it are measured too; may be repeated. Those of nodes that are named are tolerated anyway' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l kubeconfig -d 'The kubeconfig file' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l context -d 'The context of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l cluster -d 'The cluster of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l user -d 'The user of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l as -d 'A user to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l as-group -d 'A group to act as; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l as-uid -d 'A uid to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l request-timeout -d 'How long one request to the cluster may take; 0 for as long as it takes' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -s n -l namespace -d 'Work in this namespace, and remove from it exactly what was made; without it, a run has a namespace of its own' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l rbac -d 'Print the roles that a run with these flags needs, as YAML, and ask no cluster'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l rtt -d 'Latency is measured as well'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l udp -d 'UDP is measured'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l host -d 'On the network of the nodes: --path host'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l keep -d 'Leave the servers running, for later runs with the same settings to start at once; `kubectl netbench cleanup` removes them'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -l network-policy -d 'Make a `NetworkPolicy` that lets only the run\'s own clients in'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand report" -l baseline -d 'Compare with this run: an id, latest, latest~1, or a file' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand report" -l fail-below -d 'Exit with 4 if a pair failed or has less than this: 5Gbit/s, 80% of the run\'s median; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand report" -l fail-regression -d 'Exit with 4 if a pair is slower than in the baseline by more than this and more than chance: 10%' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand report" -s o -l output -d 'The form of the result' -r -f -a "table\t'The matrix, or the two directions of a pair'
wide\t'The same with every pair\'s retransmits, round-trip time and CPU'
json\t'The run document'
yaml\t'The run document'
csv\t'One row per test'
markdown\t'For tickets'
html\t'A page for a browser: every pair in a heat map, and what its tests found'
svg\t'A drawing of the matrix'
prometheus\t'Metrics in Prometheus\' text format'
junit\t'For pipelines: a failed or slow pair is a failed case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand report" -l output-file -d 'Write the result to this file, not to standard output' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand report" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'In any case'
never\t'In no case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand compare" -l fail-regression -d 'Exit with 4 if a pair has become slower by more than this and more than chance: 10%' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand compare" -s o -l output -d 'The form of the result' -r -f -a "table\t'The matrix, or the two directions of a pair'
wide\t'The same with every pair\'s retransmits, round-trip time and CPU'
json\t'The run document'
yaml\t'The run document'
csv\t'One row per test'
markdown\t'For tickets'
html\t'A page for a browser: every pair in a heat map, and what its tests found'
svg\t'A drawing of the matrix'
prometheus\t'Metrics in Prometheus\' text format'
junit\t'For pipelines: a failed or slow pair is a failed case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand compare" -l output-file -d 'Write the result to this file, not to standard output' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand compare" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'In any case'
never\t'In no case'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand runs; and not __fish_seen_subcommand_from delete help" -s o -l output -d 'The form of the list' -r -f -a "table\t'For people'
json\t'For programs'
yaml\t'For programs'"
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand runs; and not __fish_seen_subcommand_from delete help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand runs; and not __fish_seen_subcommand_from delete help" -f -a "delete" -d 'Delete runs'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand runs; and not __fish_seen_subcommand_from delete help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand runs; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand runs; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete runs'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand runs; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l older-than -d 'Only what is at least so old' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l kubeconfig -d 'The kubeconfig file' -r -F
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l context -d 'The context of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l cluster -d 'The cluster of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l user -d 'The user of the kubeconfig' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l as -d 'A user to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l as-group -d 'A group to act as; may be repeated' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l as-uid -d 'A uid to act as' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l request-timeout -d 'How long one request to the cluster may take; 0 for as long as it takes' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -s n -l namespace -d 'Work in this namespace, and remove from it exactly what was made; without it, a run has a namespace of its own' -r
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l all -d 'Remove also what belongs to runs that are going on, or may be'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -l dry-run -d 'Print what would be removed, and remove nothing'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand cleanup" -s h -l help -d 'Print help'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "matrix" -d 'Measure every ordered pair of nodes'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "pair" -d 'Measure two nodes, both directions'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "check" -d 'Tell what a run would need, make and lack in a cluster, and make nothing'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "report" -d 'Show a saved run, in any form'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "compare" -d 'Show what has changed between two runs'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "runs" -d 'List the saved runs, or delete some'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "cleanup" -d 'Remove what runs have left in the cluster: those that were killed, and those with --keep'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and not __fish_seen_subcommand_from matrix pair check report compare runs cleanup help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kubectl-netbench -n "__fish_kubectl_netbench_using_subcommand help; and __fish_seen_subcommand_from runs" -f -a "delete" -d 'Delete runs'

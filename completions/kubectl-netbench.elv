
set edit:completion:arg-completer[kubectl-netbench] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) NETBENCH_COMPLETE="elvish" kubectl-netbench -- $@words) | to-lines
}


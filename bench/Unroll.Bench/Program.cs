using BenchmarkDotNet.Running;
using Unroll.Bench.Peers;

// `peer` races (bench/peers/run.sh); anything else goes to BenchmarkDotNet, for instance --filter '*MatrixProduct*'.
if (args is ["peer"])
    PeerEntrant.Run(Console.In, Console.Out);
else
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);

using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Unroll.Bench;
using Unroll.Bench.Peers;

// `peer` races (bench/peers/run.sh), `first-steps` shows how a process begins (bench/start.sh); anything else goes to BenchmarkDotNet, for instance --filter '*MatrixProduct*'.
if (args is ["peer"])
    PeerEntrant.Run(Console.In, Console.Out);
else if (args is ["first-steps"])
    FirstSteps.Run(Console.Out);
else
    // In this process: the kernels are compiled at once (AggressiveOptimization), and nothing has to be built again.
    BenchmarkSwitcher.FromAssembly(typeof(PeerEntrant).Assembly).Run(args, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));

return Unroll.Cli.UnrollCommand.Run(args);

# Builds the native core from source, through cargo, where no prebuild fits: `npx node-gyp rebuild` in this folder.
# node-gyp insists on the headers of Node, which nothing here includes. Offline, name the folder of a Node that has
# them in its include/node: `npx node-gyp rebuild --nodedir=/usr`.
{
  'targets': [
    {
      'target_name': 'hotpress',
      'type': 'none',
      'actions': [
        {
          'action_name': 'cargo',
          'action': ['node', 'scripts/build-native.mjs', '--out', 'build/Release'],
          # Cargo knows what has changed, so this runs each time.
          'inputs': [],
          'outputs': ['build/Release/always'],
        },
      ],
    },
  ],
}
